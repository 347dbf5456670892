//! Transactions drawn at random, in every form that a queue may hold.

/// A small generator of numbers (SplitMix64): the same seed gives the same files everywhere.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

/// Returns the seeds of a suite: so many unless PROBE_SEEDS says how many, from PROBE_SEED on.
pub(super) fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name, usual| std::env::var(name).map_or(usual, |s| s.parse().expect("a number"));
    let first = number("PROBE_SEED", 0);
    first..first + number("PROBE_SEEDS", usual)
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Returns a number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

fn word(random: &mut Random, least: usize, most: usize) -> Vec<u8> {
    let len = least + random.below(most - least + 1);
    (0..len)
        .map(|i| match random.below(12) {
            0 if i > 0 => 0x80 + random.below(0x60) as u8,
            1 => b'0' + random.below(10) as u8,
            _ => b'a' + random.below(26) as u8,
        })
        .collect()
}

fn ascii(random: &mut Random, least: usize, most: usize) -> Vec<u8> {
    let len = least + random.below(most - least + 1);
    (0..len).map(|_| b'a' + random.below(26) as u8).collect()
}

fn name(random: &mut Random) -> Vec<u8> {
    let mut name = word(random, 1, 10);
    name[0] = name[0].to_ascii_uppercase();
    for _ in 0..random.below(3) {
        let next = match random.below(5) {
            // Initials that look like commands.
            0 => vec![random.pick(b"ADMRT")],
            _ => word(random, 1, 8),
        };
        name.extend([b" ".as_slice(), &next].concat());
    }
    while name.ends_with(b" ") {
        name.pop();
    }
    name
}

fn address(random: &mut Random) -> Vec<u8> {
    let (kind, parts) = random.pick(&[
        ("PCM", 3),
        ("PCM", 3),
        ("PCM", 3),
        ("MS", 3),
        ("CSI", 3),
        ("PROFS", 3),
        ("SNADS", 3),
        ("SMTP", 1),
        ("FAX", 0),
        ("X400", 2),
    ]);
    let mut out = format!("{kind}:").into_bytes();
    match parts {
        3 => {
            let mut parts = [
                ascii(random, 2, 10),
                ascii(random, 2, 10),
                word(random, 1, 10),
            ];
            parts[..2].iter_mut().for_each(|p| p.make_ascii_uppercase());
            out.extend(parts.join(&b'/'));
        }
        1 => {
            out.extend(ascii(random, 1, 12));
            out.push(b'@');
            out.extend(ascii(random, 2, 12));
            out.extend(b".org");
        }
        0 => out.extend(format!("+{}-{}", random.below(99), random.below(10_000_000)).bytes()),
        _ => {
            out.extend(b"c=US; a= ; p=");
            out.extend(ascii(random, 2, 8));
            out.extend(b"; s=");
            out.extend(ascii(random, 2, 8));
        }
    }
    out
}

fn entry(random: &mut Random, letter: &[u8], out: &mut Vec<u8>) {
    out.extend(letter);
    let name = name(random);
    let name = &name[..name.len().min(30)];
    let name = name.trim_ascii_end();
    out.extend(name);
    if random.chance(15) {
        out.resize(out.len() + 31 - name.len(), b' ');
    } else {
        out.push(b'\t');
    }
    out.extend(address(random));
}

/// Draws one transaction; its lines are joined by `joiner`.
pub(super) fn transaction(random: &mut Random, joiner: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    match random.below(20) {
        0 | 1 => entry(random, b"D ", &mut text),
        2..=4 => {
            entry(random, b"M ", &mut text);
            if random.chance(70) {
                text.extend(joiner);
                entry(random, b"  ", &mut text);
            }
        }
        5 => {
            let (net, po) = (ascii(random, 2, 9), ascii(random, 2, 9));
            text.extend([b"R PCM:", &net[..], b"/", &po[..]].concat());
        }
        6 => {
            let (net, po) = (ascii(random, 2, 9), ascii(random, 2, 9));
            text.extend([b"T PROFS:", &net[..], b"/", &po[..]].concat());
            for _ in 0..1 + random.below(4) {
                text.extend(joiner);
                text.push(b' ');
                text.extend(ascii(random, 3, 12));
                text.extend(format!(",{}", 1 + random.below(30)).bytes());
            }
        }
        7 if random.chance(50) => {
            text.extend(b"# ");
            text.extend(ascii(random, 8, 20));
        }
        _ => {
            entry(random, b"A ", &mut text);
            if random.chance(10) {
                text.extend(joiner);
                text.extend(b"- Room/");
                text.extend(ascii(random, 1, 9));
            }
        }
    }
    text
}
