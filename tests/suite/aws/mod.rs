//! Portolan on AWS, on an emulator and a real Redis server.

mod cache;
mod deployed;
mod faults;
mod losses;
mod store;
mod template;
mod terminal;
