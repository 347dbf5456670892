//! The directory agent: the real program, a real directory server, real files.

mod check;
mod lists;
mod scene;
