//! Snapshots: what is written is read back, and anything else is refused by name.

mod sections;
