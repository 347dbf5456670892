//! The `listq` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, listq};

fn main() -> ExitCode {
    exit::main("listq", |screen| {
        listq::start(env::args_os().collect(), screen)
    })
}
