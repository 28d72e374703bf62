//! Where to listen.

use std::net::Ipv6Addr;

/// Host and port of `9100` and `:9100` (both on loopback), `0.0.0.0:9100`, `[::]:9100`,
/// `host:9100`; none if it is nothing of these. Port 0 takes a free one.
pub fn listen_address(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let port = port.parse().ok()?;
    let host = match host.strip_prefix('[').map(|h| h.strip_suffix(']')) {
        Some(inner) => inner.filter(|h| h.parse::<Ipv6Addr>().is_ok())?,
        None if host.is_empty() => "127.0.0.1",
        None => {
            let name = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
            Some(host).filter(|h| h.chars().all(name))?
        }
    };
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_on_loopback() {
        for (text, host, port) in [
            ("9100", "127.0.0.1", 9100),
            (":9100", "127.0.0.1", 9100),
            ("127.0.0.1:0", "127.0.0.1", 0),
            ("0.0.0.0:9100", "0.0.0.0", 9100),
            ("[::]:9100", "::", 9100),
            ("[::1]:80", "::1", 80),
            ("sada-0.sada:9100", "sada-0.sada", 9100),
        ] {
            let expected = Some((host.to_owned(), port));
            assert_eq!(listen_address(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":",
            "nine",
            "65536",
            "+80",
            "::1:80",
            "[::1:80",
            "[x]:80",
            "a b:80",
            "http://h:80",
        ] {
            assert_eq!(listen_address(text), None, "{text}");
        }
    }
}
