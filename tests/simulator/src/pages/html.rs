//! HTML by hand: what comes from outside is escaped.

/// A whole page. `body` is HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:16px system-ui;max-width:28rem;margin:3rem auto;padding:0 1rem}}\
         input,button,a.row{{font:inherit;display:block;width:100%;box-sizing:border-box;margin:.3rem 0 1rem;padding:.5rem}}\
         </style></head><body><main><h1>{title}</h1>{body}\
         <p><small>A stand-in for StackOne, for tests and demonstrations.</small></p></main></body></html>\n"
    )
}

/// A page of one paragraph.
pub(super) fn message(title: &str, text: &str) -> String {
    page(title, &format!("<p role=\"status\">{}</p>", escaped(text)))
}

/// A field of a form that nobody sees.
pub(super) fn hidden(name: &str, value: &str) -> String {
    let (name, value) = (escaped(name), escaped(value));
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
}

/// Text as it may stand in HTML, in attributes as well.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text_and_no_markup() {
        assert_eq!(escaped("<b a='\"&"), "&lt;b a=&#39;&quot;&amp;");
        assert_eq!(
            hidden("a", "\"><x"),
            "<input type=\"hidden\" name=\"a\" value=\"&quot;&gt;&lt;x\">"
        );
    }
}
