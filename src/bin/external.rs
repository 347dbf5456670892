//! The `external` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, external};

fn main() -> ExitCode {
    exit::main("external", |screen| {
        external::start(env::args_os().collect(), screen)
    })
}
