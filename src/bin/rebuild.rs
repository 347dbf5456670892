//! The `rebuild` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, rebuild};

fn main() -> ExitCode {
    exit::main("rebuild", |screen| {
        rebuild::start(env::args_os().collect(), screen)
    })
}
