//! Reading mail of strangers: golden messages, a thousand hostile ones, and the largest there may be.

mod generator;
mod golden;
mod hostile;
