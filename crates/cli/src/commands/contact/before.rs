//! What is shown before the next contact, from the notebook and the record.

use counterpart_node::Desk;
use counterpart_words::contact::known;

use crate::{
    case::OpenCase,
    error::Done,
    render::wrapped,
    terminal::{Style, styled},
};

/// What the notebook and the record know, for so many columns; nothing where they know nothing.
pub(super) fn about(desk: &Desk, case: &OpenCase, columns: usize) -> Done<Vec<String>> {
    let Some(known) = known(desk, case)?.filter(|known| !known.told.is_empty()) else { return Ok(Vec::new()) };
    let mut out = vec![wrapped("", &styled(Style::Strong, &case.seat_label(&known.seat)), columns)];
    let mut last = "";
    for (label, text) in &known.told {
        let shown = if *label == last { "" } else { label };
        out.push(wrapped(&format!("  {shown:<11}  "), text, columns));
        last = label;
    }
    out.push(String::new());
    Ok(out)
}
