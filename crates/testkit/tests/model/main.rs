//! The rules of agreement as a model: every history that a few acts on a few copies can make, with every delivery
//! between them, is explored with Stateright, and the shipped record and fold are asked what each amounts to.

mod book;
mod cast;
mod caught;
mod copies;
#[path = "../rules/digest.rs"]
mod digest;
mod explored;
mod found;
mod histories;
mod menu;
mod profile;
mod rules;
mod said;
mod shown;
