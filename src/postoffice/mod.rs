//! One postoffice on disk: where its files are, who may change them, and how they change together.

pub mod batch;
mod error;
pub mod layout;
pub mod lock;
pub mod log;

pub use error::PostofficeError;
