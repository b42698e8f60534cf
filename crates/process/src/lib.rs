//! The customer's own process: what follows for one side from a record and its own notes. Reminders, letters, thanks,
//! deadlines, what to do today.
//!
//! Nothing here reads a clock, a disk or a network: a record, notes and a time come in, values go out.
