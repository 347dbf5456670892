//! Writes the three files of the global list into a batch.

use std::borrow::Borrow;

use super::arrange::Arranged;
use super::sort::Item;
use super::{FILES, Gal};
use crate::codec::checksum::Crc32;
use crate::codec::codepage::CodePage;
use crate::codec::galnetpo::GalnetpoHeader;
use crate::codec::{
    GalIndexEntry, GalIndexHeader, GalStamp, NetpoRecord, NmeRecord, Record, RecordState,
};
use crate::postoffice::batch::{Batch, StagedFile};
use crate::postoffice::{File, Postoffice, PostofficeError, layout};

/// Records that are encoded before they are written: more than the buffer of a staged file holds.
const STAGED_TOGETHER: usize = 2048;

impl Arranged<'_> {
    /// Stages GAL.NME, GALINDEX.GLB and GALNETPO.GLB, then reads back what is staged and checks all of it: nothing is
    /// installed that a client could stumble over.
    ///
    /// # Errors
    /// Writing failed, with the name of the file that was being made; a file would pass 4 GiB; or what was read back is
    /// not what it must be. The batch must not be committed then.
    pub fn stage(mut self, batch: &Batch<'_>) -> Result<Gal, PostofficeError> {
        let po = self.po;
        let mut stamp = GalStamp {
            state: RecordState::Deleted,
            mark: GalStamp::MARK,
            order_code: self.collation.order().as_byte(),
            code_page_id: self.collation.page().id(),
            entry_count: self.order.len() as u32,
            word_count: self.word_count() as u32,
            tid: self.book.last_tid(),
            ..GalStamp::default()
        };
        staging(po, &layout::GAL_NME, |file| {
            let mut staged = batch.replace(file)?;
            let entries = self.order.iter().map(|&n| &self.entries[n as usize]);
            encode_all::<NmeRecord>(entries, |bytes| staged.put(bytes))?;
            stamp.list_crc = staged.crc32();
            staged.finish()
        })?;
        self.entries = Vec::new();
        staging(po, &layout::GALINDEX, |file| {
            let mut staged = batch.replace(file)?;
            self.put_index(&mut staged)?;
            stamp.index_crc = staged.crc32();
            staged.finish()
        })?;
        let book = self.book;
        (self.keys, self.words, self.order) = Default::default();
        staging(po, &layout::GALNETPO, |file| {
            put_addresses(batch.replace(file)?, stamp, book.records())
        })?;
        drop(book);
        let gal = Gal::of_staged(batch, po.code_page())?;
        gal.verify()
            .map_err(|fault| PostofficeError::Unstorable(format!("staged {fault}")))?;
        Ok(gal)
    }

    /// Writes the words in their order, with the offsets of the letters before them.
    fn put_index(&mut self, staged: &mut StagedFile) -> Result<(), PostofficeError> {
        let mut places = vec![0; self.word_ends.len()];
        let mut items = Vec::with_capacity(self.word_count());
        for (place, &number) in (0..).zip(&self.order) {
            places[number as usize] = place;
            let words = (0..).zip(self.words_of(number));
            items.extend(words.map(|(word, &stretch)| Item::new(number, word, stretch)));
        }
        (self.words, self.word_ends, self.order) = Default::default();
        // Equal words stay in the order of the names.
        self.keys.sort(&mut items, &mut |_| ());
        let mut header = GalIndexHeader::default();
        for (index, item) in (0..).zip(&items) {
            if let Some(letter) = self.collation.letter(self.keys.of(item)) {
                header
                    .note(letter, self.collation.order(), index)
                    .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
            }
        }
        let mut bytes = [0; GalIndexHeader::LEN];
        header.encode(&mut bytes);
        staged.put(&bytes)?;
        let entries = items.iter().map(|item| GalIndexEntry {
            word: u16::from(item.word),
            // Below 4 GiB, as every offset in GAL.NME: see `Collected::arrange`.
            pointer: places[item.number as usize] * NmeRecord::LEN as u32,
        });
        encode_all::<GalIndexEntry>(entries, |bytes| staged.put(bytes))
    }
}

/// Writes header, stamp and addresses.
fn put_addresses(
    mut staged: StagedFile,
    mut stamp: GalStamp,
    records: &[NetpoRecord],
) -> Result<(), PostofficeError> {
    let mut crc = Crc32::new();
    encode_all::<NetpoRecord>(records.iter(), |bytes| {
        crc.update(bytes);
        Ok(())
    })?;
    stamp.address_crc = crc.value();
    let mut bytes = [0; NetpoRecord::LEN];
    let header = GalnetpoHeader {
        last_tid: stamp.tid,
    };
    header.encode(&mut bytes[..GalnetpoHeader::LEN]);
    staged.put(&bytes[..GalnetpoHeader::LEN])?;
    stamp.encode(&mut bytes);
    staged.put(&bytes)?;
    encode_all::<NetpoRecord>(records.iter(), |bytes| staged.put(bytes))?;
    staged.finish()
}

/// Encodes records and hands out their bytes, many at a time.
fn encode_all<T: Record>(
    records: impl Iterator<Item = impl Borrow<T>>,
    mut take: impl FnMut(&[u8]) -> Result<(), PostofficeError>,
) -> Result<(), PostofficeError> {
    let mut bytes = vec![0; T::LEN * STAGED_TOGETHER];
    let mut end = 0;
    for record in records {
        record.borrow().encode(&mut bytes[end..end + T::LEN]);
        end += T::LEN;
        if end == bytes.len() {
            take(&bytes)?;
            end = 0;
        }
    }
    take(&bytes[..end])
}

/// Stages one file; an error names it, not the place where it is staged.
fn staging(
    po: &Postoffice,
    file: &File,
    stage: impl FnOnce(&File) -> Result<(), PostofficeError>,
) -> Result<(), PostofficeError> {
    stage(file).map_err(|error| match error {
        PostofficeError::Write { source, path } => PostofficeError::Write {
            path: po.layout().path(file).unwrap_or(path),
            source,
        },
        other => other,
    })
}

impl Gal {
    fn of_staged(batch: &Batch<'_>, page: CodePage) -> Result<Self, PostofficeError> {
        let [names, index, addresses] = FILES.map(|file| {
            let bytes = batch.read_staged(&file)?;
            bytes.ok_or_else(|| PostofficeError::Unfinished {
                name: file.to_string(),
            })
        });
        Ok(Self::new(names?, index?, addresses?, page))
    }
}
