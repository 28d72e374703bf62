//! Text of a turn that came as HTML: tags dropped, entities decoded, blocks on lines of their own.

/// Elements whose content nobody reads.
const UNSEEN: [&str; 4] = ["script", "style", "head", "template"];

/// Elements that begin a new line.
const BLOCKS: [&str; 16] = [
    "br",
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "blockquote",
    "pre",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "section",
];

/// Text that a reader of the markup sees. Linear in its length; wrong markup never fails.
pub(super) fn text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, from_tag) = rest.split_at(at);
        push_visible(&mut text, before);
        rest = match skip_tag(from_tag) {
            Some((tag, after)) => {
                if BLOCKS.iter().any(|block| tag.eq_ignore_ascii_case(block)) {
                    break_line(&mut text);
                }
                after
            }
            // A bare "<", as in "< 3 days".
            None => {
                push_visible(&mut text, "<");
                from_tag.get(1..).unwrap_or_default()
            }
        };
    }
    push_visible(&mut text, rest);
    text.truncate(text.trim_ascii_end().len());
    text
}

/// Name of the tag at the start (empty for comments and the like), and what follows the tag; for an
/// element that isn't seen, what follows its end. `None` if no tag starts here.
fn skip_tag(html: &str) -> Option<(&str, &str)> {
    if let Some(comment) = html.strip_prefix("<!--") {
        return Some(("", after(comment, "-->")));
    }
    let inside = html.strip_prefix('<')?;
    let closing = inside.starts_with('/');
    let named = inside.strip_prefix('/').unwrap_or(inside);
    if !named.starts_with(|c: char| c.is_ascii_alphabetic() || (c == '!' && !closing)) {
        return None;
    }
    let name_end = named
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(named.len());
    let (name, attributes) = named.split_at(name_end);
    let follows = after_attributes(attributes);
    if !closing
        && UNSEEN
            .iter()
            .any(|unseen| name.eq_ignore_ascii_case(unseen))
    {
        return Some(("", after_element(follows, name)));
    }
    Some((name, follows))
}

/// What follows `end`; nothing if it never comes.
fn after<'a>(html: &'a str, end: &str) -> &'a str {
    html.split_once(end).map_or("", |(_, after)| after)
}

/// What follows the `>` that ends a tag; one in a quoted attribute doesn't.
fn after_attributes(html: &str) -> &str {
    let (mut quote, mut before) = (None, b' ');
    for (at, byte) in html.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            // Elsewhere a quotation mark is a slip of the pen, and must not swallow the text.
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (None, b'>') => return html.get(at + 1..).unwrap_or_default(),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    ""
}

/// What follows the end tag of an element that isn't seen.
fn after_element<'a>(mut html: &'a str, name: &str) -> &'a str {
    while let Some((_, end)) = html.split_once("</") {
        let is_end = end
            .get(..name.len())
            .is_some_and(|n| n.eq_ignore_ascii_case(name));
        if is_end {
            return after(end, ">");
        }
        html = end;
    }
    ""
}

/// Appends text between tags: entities decoded, runs of white space made one space.
fn push_visible(text: &mut String, between: &str) {
    let decoded = html_escape::decode_html_entities(between);
    for c in decoded.chars() {
        match c {
            ' ' | '\t' | '\n' | '\r' | '\x0c' => {
                if !text.is_empty() && !text.ends_with([' ', '\n']) {
                    text.push(' ');
                }
            }
            _ => text.push(c),
        }
    }
}

fn break_line(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_text_on_lines() {
        let html = "<p>Hello&nbsp;there,</p>\n<p>my order <b>4&lt;5</b> is&#x20;late<br/>thanks &amp; bye</p>";
        assert_eq!(
            text(html),
            "Hello\u{a0}there,\nmy order 4<5 is late\nthanks & bye"
        );
    }

    #[test]
    fn nobody_reads_styles_scripts_and_comments() {
        let html = "<style>p > a {}</style>سلام<!-- <b>x</b> --><SCRIPT src='a>b'>if (a</b) {}</script> دنیا";
        assert_eq!(text(html), "سلام دنیا");
    }

    #[test]
    fn what_is_no_tag_stays() {
        assert_eq!(text("waited < 3 days, i <3 it"), "waited < 3 days, i <3 it");
        assert_eq!(text("&unknown; 100% &"), "&unknown; 100% &");
        assert_eq!(text("&#0;"), "&#0;");
    }

    #[test]
    fn a_tag_cut_off_ends_the_text() {
        assert_eq!(text("done <a href=\"x"), "done");
        assert_eq!(text("done <!-- x"), "done");
        assert_eq!(text("<"), "<");
    }

    #[test]
    fn an_attribute_may_hold_the_end_of_a_tag() {
        assert_eq!(text("<img alt= \"a > b\">见图"), "见图");
        assert_eq!(text("<p title=\"5\" wide\">a 5\" pan</p>"), "a 5\" pan");
    }
}
