//! The `tour` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, tour};

fn main() -> ExitCode {
    exit::main("tour", |screen| {
        tour::start(env::args_os().collect(), screen)
    })
}
