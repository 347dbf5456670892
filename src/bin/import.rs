//! The `import` program.

use std::env;
use std::process::ExitCode;

use dirsync::tools::{exit, import};

fn main() -> ExitCode {
    exit::main("import", |screen| {
        import::start(env::args_os().collect(), screen)
    })
}
