//! Between organizations: the real program as the hub, branches out of the pure core, messages in real Maildirs.

mod commands;
mod crash;
mod forged;
mod hostile;
mod letter;
mod org;
mod parts;
mod postfix;
mod round;
mod scale;
mod scene;
mod service;
mod story_d;
mod world;
