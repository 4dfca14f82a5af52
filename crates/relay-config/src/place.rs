//! Where things stand in `relay.toml`: what a complaint needs that is found only after the file was read.

use toml::de::DeTable;

/// Where the entry of a list of tables begins, from 0 in the text and in the list; the text's beginning where there is none.
pub(crate) fn of_entry(text: &str, list: &str, index: usize) -> usize {
    let Ok(file) = DeTable::parse(text) else { return 0 };
    let entry = file.get_ref().get(list).and_then(|list| list.get_ref().as_array()?.get(index));
    entry.map_or(0, |entry| entry.span().start)
}

/// Where the value of a key in a table begins; the text's beginning where there is none.
pub(crate) fn of_key(text: &str, table: &str, key: &str) -> usize {
    let Ok(file) = DeTable::parse(text) else { return 0 };
    let value = file.get_ref().get(table).and_then(|table| table.get_ref().as_table()?.get(key));
    value.map_or(0, |value| value.span().start)
}
