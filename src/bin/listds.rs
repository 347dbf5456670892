//! The `listds` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, listds};

fn main() -> ExitCode {
    exit::main("listds", |screen| {
        listds::start(env::args_os().collect(), screen)
    })
}
