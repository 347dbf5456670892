//! Reading exact amounts, with the place in the message where they are not there.

use std::io::{self, Read};

use super::CodecError;

/// Fills `buffer` as far as the input reaches and returns how far.
pub(crate) fn fill<R: Read>(input: &mut R, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while have < buffer.len() {
        match input.read(&mut buffer[have..]) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(have)
}

/// Fills all of `buffer`; `offset` is where the input stands in its file, `what` is being read.
pub(crate) fn fill_all<R: Read>(
    input: &mut R,
    buffer: &mut [u8],
    offset: u64,
    what: &'static str,
) -> Result<(), CodecError> {
    let have = fill(input, buffer)?;
    complete(have, buffer.len(), offset, what)
}

/// Checks that what was read is all that was needed.
pub(crate) fn complete(
    have: usize,
    need: usize,
    offset: u64,
    what: &'static str,
) -> Result<(), CodecError> {
    if have < need {
        return Err(CodecError::Truncated {
            offset,
            what,
            have: have as u64,
            need: need as u64,
        });
    }
    Ok(())
}
