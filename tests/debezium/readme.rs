//! What the README says about Debezium is what the test uses.

/// The mapping: feeds of the tables, as they stand in `sada.toml`.
pub fn mapping() -> String {
    block("toml", "format = \"debezium\"")
}

/// The connector's properties, for a topic prefix.
pub fn connector() -> String {
    block("properties", "io.debezium.connector.postgresql")
}

/// The one fenced block of a language that holds certain words.
fn block(language: &str, words: &str) -> String {
    let readme = include_str!("../../README.md");
    let fence = format!("\n```{language}\n");
    let mut blocks = readme
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| block)
        .filter(|block| block.contains(words));
    let found = blocks.next();
    assert!(
        found.is_some() && blocks.next().is_none(),
        "README.md should hold one block of {language} with {words:?}"
    );
    found.unwrap_or_default().to_owned()
}
