//! What bad input gets: the right exit code, the value, the reason and the next step, no panic, no unbounded work, and
//! nothing half-written.

mod arguments;
mod clock;
mod files;
mod peers;
mod streams;
mod world;
