//! The `reqmain` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, reqmain};

fn main() -> ExitCode {
    exit::main("reqmain", |screen| {
        reqmain::start(env::args_os().collect(), screen)
    })
}
