//! Depth of a JSON document, known before anything descends into it.

use crate::batch::{DecodeError, Reason};

use super::fault::fault;

/// Deepest nesting of arrays and objects; what serde_json takes, and far under any stack.
pub(super) const MAX_DEPTH: usize = 127;

/// Refuses documents that are nested too deeply, also in fields that are otherwise skipped.
pub(super) fn check(json: &str) -> Result<(), DecodeError> {
    // No document is deeper than it has opening brackets: nearly all records end here.
    if memchr::memchr2_iter(b'{', b'[', json.as_bytes()).count() <= MAX_DEPTH
        || depth(json) <= MAX_DEPTH
    {
        return Ok(());
    }
    let message = format!("nested deeper than {MAX_DEPTH} levels");
    Err(fault(Reason::TooDeep, "", message))
}

/// Greatest number of brackets open at a time, outside strings.
fn depth(json: &str) -> usize {
    let (mut open, mut deepest) = (0usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(depth(r#"{"a": "[[[\"[[", "b": [1, [2]]}"#), 3);
    }

    #[test]
    fn many_neighbours_are_not_deep() {
        let flat = format!("[{}]", vec!["[]"; 500].join(","));
        assert_eq!(check(&flat), Ok(()));
    }

    #[test]
    fn one_level_too_many_is_refused() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        let refused = check(&nested(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(refused.reason, Reason::TooDeep);
    }
}
