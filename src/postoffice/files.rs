//! Reading whole files of a postoffice, with errors that name them.

use super::layout::{self, Dir, File};
use super::{Postoffice, PostofficeError};
use crate::codec::reqconf::ReqConf;
use crate::codec::srvconf::SrvConf;
use crate::codec::{CodecError, HexId, Record};

impl Postoffice {
    /// Reads a file that has to be there.
    ///
    /// # Errors
    /// It is missing or cannot be read.
    pub fn read(&self, file: &File) -> Result<Vec<u8>, PostofficeError> {
        match self.layout().read(file)? {
            Some(bytes) => Ok(bytes),
            None => Err(PostofficeError::Missing {
                path: self.layout().path(file)?,
            }),
        }
    }

    /// Reads a file that may be absent.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read_optional(&self, file: &File) -> Result<Option<Vec<u8>>, PostofficeError> {
        self.layout().read(file)
    }

    /// Reads REQCONF.GLB.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn requestor_config(&self) -> Result<ReqConf, PostofficeError> {
        let bytes = self.read(&layout::REQCONF)?;
        ReqConf::decode(&bytes).map_err(|e| self.damaged(&layout::REQCONF, e))
    }

    /// Reads SRVCONF.GLB; `None` where the postoffice is no dirsync server.
    ///
    /// # Errors
    /// It cannot be read or is damaged.
    pub fn server_config(&self) -> Result<Option<SrvConf>, PostofficeError> {
        match self.read_optional(&layout::SRVCONF)? {
            None => Ok(None),
            Some(bytes) => SrvConf::read_from(&bytes[..])
                .map(Some)
                .map_err(|e| self.damaged(&layout::SRVCONF, e)),
        }
    }

    /// Returns the mailbag numbers that MBG and KEY have files for.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn mailbag_stems(&self) -> Result<Vec<HexId>, PostofficeError> {
        let mut stems = Vec::new();
        for dir in [Dir::Mbg, Dir::Key, Dir::Xtn, Dir::Usr] {
            let names = self.layout().list(dir)?;
            let numbered = names.iter().filter_map(|name| name.split_once('.'));
            stems.extend(numbered.filter_map(|(stem, _)| HexId::parse(stem.as_bytes())));
        }
        Ok(stems)
    }

    /// Adds the path to what is wrong with the bytes of a file.
    pub fn damaged(&self, file: &File, source: CodecError) -> PostofficeError {
        match self.layout().path(file) {
            Ok(path) => PostofficeError::Codec { path, source },
            Err(error) => error,
        }
    }

    /// Says that a file does not fit another one.
    pub(super) fn mismatch(&self, file: &File, found: u64, expected: String) -> PostofficeError {
        self.damaged(file, CodecError::field(0, "size", found, expected))
    }
}
