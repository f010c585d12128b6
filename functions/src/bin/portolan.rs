//! The command line, and Portolan on one machine.

fn main() {}
