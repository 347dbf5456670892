//! The two lines that LISTDS, LISTQ and DSSCHED begin with (Q96060; `spec/protocol.md` 9).

use std::io::{self, Write};

/// Prints the banner of a program, as `LISTQ v3.2.0.1`, and the empty line behind it.
///
/// # Errors
/// The output could not be written.
pub fn print(version: &str, output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, "Microsoft Mail for the PC v3.2, {version}")?;
    writeln!(output, "(C) Microsoft Corp. 1993-1994. All rights reserved")?;
    writeln!(output)
}
