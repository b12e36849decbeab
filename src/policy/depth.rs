//! How deep a JSON text is nested, told before anything parses it. It must not judge the text's form.

/// Levels of nesting that a body may have; a policy's guardrails have some twelve.
pub const DEPTH_MAX: u32 = 32;

/// Whether brackets outside of strings nest deeper than [`DEPTH_MAX`]. Of a text that is not JSON the
/// answer means nothing, and the parser refuses it.
pub fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth = depth.saturating_add(1),
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_strings() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(!is_too_deep(nested(32).as_bytes()));
        assert!(is_too_deep(nested(33).as_bytes()));
        assert!(!is_too_deep(
            format!("{{\"a\": \"\\\"{}\"}}", nested(50)).as_bytes()
        ));
        assert!(!is_too_deep(format!("[{}]", "[],".repeat(100)).as_bytes()));
    }
}
