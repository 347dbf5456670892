//! The `resync` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, resync};

fn main() -> ExitCode {
    exit::main("resync", |screen| {
        resync::start(env::args_os().collect(), screen)
    })
}
