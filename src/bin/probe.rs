//! The `probe` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, probe};

fn main() -> ExitCode {
    exit::main("probe", |screen| {
        probe::start(env::args_os().collect(), screen)
    })
}
