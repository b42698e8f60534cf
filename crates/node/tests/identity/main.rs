//! An identity on real files: passphrase, recovery sheet, a new main key, branches of the key log, backup and restore.

mod homes;

mod backup;
mod keys;
mod main_key;
mod renewal;
