//! The `podiag` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, podiag};

fn main() -> ExitCode {
    exit::main("podiag", |screen| {
        podiag::start(env::args_os().collect(), screen)
    })
}
