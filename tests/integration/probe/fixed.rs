//! Files of records of one size drawn at random: fields in any order, padded, counted or written in any of the ways such
//! files have. This is written apart from what it tests.

use super::texts::Random;

/// How a text is kept in its field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kept {
    /// With a NUL behind it, zeros up to the end of the field.
    Nul,
    /// Zeros up to the end of the field, which it may fill.
    Zeros,
    Blanks,
    /// Behind a byte that counts it; then zeros.
    Counted,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Is {
    Name(Kept),
    Word(Kept),
    /// Eight hexadecimal digits; with a NUL where the field has nine bytes.
    Digits,
    /// The number of the digits in binary.
    SameAsDigits,
    /// Rises from record to record.
    Counter,
    /// Another number in every record, in no order.
    Number,
    /// Offset in another file of records of so many bytes.
    Pointer(u32),
    Flag([u8; 3]),
    /// The value in deleted records, and in those in use.
    Deleted(u8, u8),
    /// In deleted records the offset of the next of them.
    Chain,
    Fixed(u8),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) is: Is,
    pub(super) offset: usize,
    pub(super) size: usize,
}

/// What becomes of the texts of a deleted record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Remains {
    All,
    Nothing,
    /// They are still there, and not where the list is sorted.
    Unsorted,
}

/// A drawn file.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) name: &'static str,
    pub(super) header_len: usize,
    pub(super) record_len: usize,
    pub(super) fields: Vec<Field>,
    /// Offset of the field it is sorted by.
    pub(super) sorted: Option<usize>,
    pub(super) remains: Remains,
    pub(super) bytes: Vec<u8>,
    /// Of each record whether it is deleted, and the text or number of each field.
    pub(super) records: Vec<(bool, Vec<Value>)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Text(Vec<u8>),
    Number(u32),
}

/// Names, header and record lengths of `spec/files.md` section 3 that have room for names.
const FILES: [(&str, usize, usize); 8] = [
    ("0000002A.USR", 0, 53),
    ("ACCESS2.GLB", 0, 69),
    ("NETPO.GLB", 4, 43),
    ("ADMIN.NME", 0, 45),
    ("GROUP.GLB", 4, 51),
    ("NETWORK.GLB", 0, 122),
    ("GRPMEM.GLB", 4, 128),
    ("0000002A.MBG", 0, 116),
];

const FIRST: [&str; 16] = [
    "Ann",
    "Bo",
    "Christopher",
    "Dee",
    "Elisabeth",
    "Frank",
    "Gus",
    "Hildegard",
    "Ida",
    "Jo",
    "Karl-Heinz",
    "Lu",
    "Maximilian",
    "Nora",
    "Olaf",
    "Piotr",
];
const LAST: [&str; 14] = [
    "Smith",
    "Ng",
    "Oberholzer",
    "de la Cruz",
    "Brown",
    "Fitzgerald",
    "O'Hara",
    "Li",
    "M\u{fc}ller",
    "Jones",
    "Woo",
    "Vanderbilt",
    "Kowalski",
    "Ek",
];

fn name(random: &mut Random) -> Vec<u8> {
    let text = format!("{} {}", random.pick(&FIRST), random.pick(&LAST));
    let mut text: Vec<u8> = text
        .chars()
        .map(|c| if c == '\u{fc}' { 0x81 } else { c as u8 })
        .collect();
    if random.chance(30) {
        text.extend(format!(" {}", random.below(99)).bytes());
    }
    text.truncate(30);
    text
}

fn word(random: &mut Random) -> Vec<u8> {
    let len = 2 + random.below(9);
    (0..len)
        .map(|at| match random.below(8) {
            0 if at > 0 => b'0' + random.below(10) as u8,
            _ => b'A' + random.below(26) as u8,
        })
        .collect()
}

impl Is {
    fn size(self, random: &mut Random) -> usize {
        match self {
            Self::Name(Kept::Nul | Kept::Counted) => 31,
            Self::Name(_) => 30,
            Self::Word(Kept::Nul | Kept::Counted) => 11,
            Self::Word(_) => 10,
            Self::Digits => 8 + random.below(2),
            Self::SameAsDigits | Self::Chain => 4,
            Self::Counter | Self::Number | Self::Pointer(_) => random.pick(&[2, 4, 4]),
            Self::Flag(_) | Self::Deleted(..) | Self::Fixed(_) => 1,
        }
    }
}

impl Drawn {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let random = &mut random;
        let (file, header_len, record_len) = random.pick(&FILES);
        let kept = |random: &mut Random| {
            random.pick(&[
                Kept::Nul,
                Kept::Nul,
                Kept::Zeros,
                Kept::Blanks,
                Kept::Counted,
            ])
        };
        let mut wanted = vec![Is::Name(kept(random))];
        let has_deleted = random.chance(60);
        if has_deleted {
            let (deleted, used) = random.pick(&[(0, 1), (1, 0), (0xff, 0), (b'D', b' ')]);
            wanted.push(Is::Deleted(deleted, used));
            if header_len >= 4 && random.chance(60) {
                wanted.push(Is::Chain);
            }
        }
        let mut others = vec![
            Is::Word(kept(random)),
            Is::Word(kept(random)),
            Is::Digits,
            Is::Counter,
            Is::Number,
            Is::Pointer(random.pick(&[69, 43, 51])),
            Is::Flag([0, 2, 4].map(|v| v + random.below(2) as u8)),
            Is::Fixed(random.pick(&[0, 1, 0x20, 0xff])),
        ];
        random.shuffle(&mut others);
        others.truncate(2 + random.below(6));
        if others.contains(&Is::Digits) && random.chance(50) {
            others.push(Is::SameAsDigits);
        }
        wanted.extend(others);
        let mut left = record_len;
        let mut fields = Vec::new();
        for is in wanted {
            let size = is.size(random);
            let needs_digits =
                is == Is::SameAsDigits && !fields.iter().any(|f: &Field| f.is == Is::Digits);
            if size <= left && !needs_digits {
                left -= size;
                fields.push(Field {
                    is,
                    offset: 0,
                    size,
                });
            }
        }
        random.shuffle(&mut fields);
        // What is left over is zero, behind one of the fields.
        let gap = random.below(fields.len());
        let mut at = 0;
        for (index, field) in fields.iter_mut().enumerate() {
            field.offset = at;
            at += field.size + if index == gap { left } else { 0 };
        }
        let texts: Vec<usize> = fields
            .iter()
            .filter(|f| matches!(f.is, Is::Name(_) | Is::Word(_)))
            .map(|f| f.offset)
            .collect();
        let sorted = random.chance(60).then(|| random.pick(&texts));
        let count = random.pick(&[40, 60, 100, 300, 700]);
        let mut drawn = Self {
            name: file,
            header_len,
            record_len,
            fields,
            sorted,
            remains: random.pick(&[Remains::All, Remains::Nothing, Remains::Unsorted]),
            bytes: Vec::new(),
            records: Vec::new(),
        };
        drawn.fill(random, count, has_deleted);
        drawn.write();
        drawn
    }

    fn fill(&mut self, random: &mut Random, count: usize, has_deleted: bool) {
        let mut counters = vec![random.pick(&[1_u32, 200, 0x5000]); self.fields.len()];
        let (networks, types) = (
            [word(random), word(random), word(random)],
            random.below(100),
        );
        for _ in 0..count {
            let mut digits = random.next() as u32;
            digits >>= random.pick(&[0, 8]);
            let mut values = Vec::new();
            for (field, counter) in self.fields.iter().zip(&mut counters) {
                let limit = if field.size == 2 { 0xffff } else { u32::MAX };
                values.push(match field.is {
                    Is::Name(_) => Value::Text(name(random)),
                    // A network is one of a few.
                    Is::Word(_) if types < 30 => Value::Text(networks[random.below(3)].clone()),
                    Is::Word(_) => Value::Text(word(random)),
                    Is::Digits => Value::Text(format!("{digits:08X}").into_bytes()),
                    Is::SameAsDigits => Value::Number(digits),
                    Is::Counter => {
                        *counter += 1 + random.below(3) as u32;
                        Value::Number(*counter)
                    }
                    Is::Number => Value::Number((random.next() as u32 & 0x000f_ffff) & limit),
                    Is::Pointer(step) => Value::Number((random.below(900) as u32 * step) & limit),
                    Is::Flag(values) => Value::Number(random.pick(&values).into()),
                    Is::Deleted(_, used) => Value::Number(used.into()),
                    Is::Chain => Value::Number(0),
                    Is::Fixed(value) => Value::Number(value.into()),
                });
            }
            self.records.push((false, values));
        }
        if let Some(at) = self
            .sorted
            .and_then(|at| self.fields.iter().position(|f| f.offset == at))
        {
            let mut keys: Vec<Vec<Value>> = self.records.iter().map(|r| r.1.clone()).collect();
            keys.sort_by_key(|values| match &values[at] {
                Value::Text(text) => text.to_ascii_lowercase(),
                Value::Number(_) => Vec::new(),
            });
            // Counters keep their order: who is added is sorted in, the file is written anew.
            for (index, field) in self.fields.iter().enumerate() {
                if field.is == Is::Counter {
                    for (values, record) in keys.iter_mut().zip(&self.records) {
                        values[index] = record.1[index].clone();
                    }
                }
            }
            for (record, values) in self.records.iter_mut().zip(keys) {
                record.1 = values;
            }
        }
        if has_deleted {
            let mut deleted = Vec::new();
            for number in 0..count {
                if random.chance(12) {
                    deleted.push(number);
                }
            }
            self.delete(&deleted, random);
        }
    }

    fn delete(&mut self, deleted: &[usize], random: &mut Random) {
        let mut order = deleted.to_vec();
        random.shuffle(&mut order);
        for (position, &number) in order.iter().enumerate() {
            let next = order.get(position + 1).map_or(0, |&n| self.offset(n));
            let record = &mut self.records[number];
            record.0 = true;
            for (field, value) in self.fields.iter().zip(&mut record.1) {
                match (field.is, &mut *value) {
                    (Is::Deleted(gone, _), _) => *value = Value::Number(gone.into()),
                    (Is::Chain, _) => *value = Value::Number(next),
                    (_, Value::Text(text)) if self.remains == Remains::Nothing => text.clear(),
                    (Is::Name(_), Value::Text(text)) if self.remains == Remains::Unsorted => {
                        *text = name(random);
                    }
                    (Is::Word(_), Value::Text(text)) if self.remains == Remains::Unsorted => {
                        *text = word(random);
                    }
                    _ => {}
                }
            }
        }
        self.bytes = vec![0; self.header_len];
        if self.fields.iter().any(|f| f.is == Is::Chain) {
            let head = order.first().map_or(0, |&n| self.offset(n));
            self.bytes[..4].copy_from_slice(&head.to_le_bytes());
        }
    }

    /// Tells whether the order can be told from chance: it takes more than a dozen texts.
    pub(super) fn says_how_it_is_sorted(&self) -> bool {
        let Some(index) = self
            .fields
            .iter()
            .position(|f| Some(f.offset) == self.sorted)
        else {
            return false;
        };
        let used = self.records.iter().filter(|r| !r.0).map(|r| &r.1[index]);
        let mut texts: Vec<&Value> = used.collect();
        texts.dedup();
        texts.len() > 12
    }

    /// Tells whether anything in the file says which records are deleted.
    pub(super) fn says_what_is_deleted(&self) -> bool {
        let count = self.records.iter().filter(|r| r.0).count();
        let has_chain = self.fields.iter().any(|f| f.is == Is::Chain);
        let by_texts = match self.remains {
            Remains::All => false,
            Remains::Nothing => count > 1,
            Remains::Unsorted => self.says_how_it_is_sorted() && count > 5,
        };
        count > 0 && (has_chain || by_texts)
    }

    fn offset(&self, number: usize) -> u32 {
        (self.header_len + number * self.record_len) as u32
    }

    fn write(&mut self) {
        self.bytes.resize(self.header_len, 0);
        for (_, values) in &self.records {
            let mut record = vec![0; self.record_len];
            for (field, value) in self.fields.iter().zip(values) {
                let place = &mut record[field.offset..field.offset + field.size];
                match value {
                    Value::Number(number) => {
                        place.copy_from_slice(&number.to_le_bytes()[..field.size])
                    }
                    Value::Text(text) => {
                        let kept = match field.is {
                            Is::Name(kept) | Is::Word(kept) => kept,
                            _ => Kept::Zeros,
                        };
                        let start = usize::from(kept == Kept::Counted);
                        if kept == Kept::Blanks {
                            place.fill(b' ');
                        }
                        if kept == Kept::Counted {
                            place[0] = text.len() as u8;
                        }
                        place[start..start + text.len()].copy_from_slice(text);
                    }
                }
            }
            self.bytes.extend(record);
        }
    }
}
