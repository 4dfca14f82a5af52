//! Where things stand in `relay.toml`: what a complaint needs that is found only after the file was read.

use toml::de::DeTable;

/// Where the entry of a list of tables begins, from 0 in the text and in the list; the text's beginning where there is none.
pub(crate) fn of_entry(text: &str, list: &str, index: usize) -> usize {
    let Ok(file) = DeTable::parse(text) else { return 0 };
    let entry = file.get_ref().get(list).and_then(|list| list.get_ref().as_array()?.get(index));
    entry.map_or(0, |entry| entry.span().start)
}
