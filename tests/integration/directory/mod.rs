//! The directory layer against a real server.

mod server;
