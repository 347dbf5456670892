//! The `srvmain` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, srvmain};

fn main() -> ExitCode {
    exit::main("srvmain", |screen| {
        srvmain::start(env::args_os().collect(), screen)
    })
}
