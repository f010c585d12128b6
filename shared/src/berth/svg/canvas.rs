//! Writes SVG elements: escapes every text, rounds every coordinate.

use super::super::words::{clean, fit, width};

/// Width of a character relative to the font size, generous enough for the common sans-serif fonts.
const CHARACTER: f64 = 0.6;

/// An SVG document in the making.
pub(super) struct Canvas {
    text: String,
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self { text: String::new() }
    }

    /// Anything that is already SVG.
    pub(super) fn raw(&mut self, svg: &str) {
        self.text.push_str(svg);
        self.text.push('\n');
    }

    /// A rectangle; `style` is a list of attributes.
    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, style: &str) {
        let (x, y, width, height) = (number(x), number(y), number(width.max(0.0)), number(height.max(0.0)));
        self.raw(&format!(r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" {style}/>"#));
    }

    /// A straight line.
    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        self.raw(&format!(r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {style}/>"#));
    }

    /// A text on its baseline.
    pub(super) fn text(&mut self, x: f64, y: f64, style: &str, text: &str) {
        let (x, y) = (number(x), number(y));
        self.raw(&format!(r#"<text x="{x}" y="{y}" {style}>{}</text>"#, escape(text)));
    }

    /// Begins a group whose tooltip is `title`.
    pub(super) fn open_group(&mut self, title: &str) {
        self.raw(&format!("<g><title>{}</title>", escape(title)));
    }

    pub(super) fn close_group(&mut self) {
        self.raw("</g>");
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }
}

/// One decimal, and none where it is zero.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The text with nothing left in it that XML would read as markup or refuse.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            other => escaped.push_str(&clean(other.encode_utf8(&mut [0; 4]))),
        }
    }
    escaped
}

/// About how wide a text is.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    width(text) as f64 * size * CHARACTER
}

/// The text cut to about `room`; `None` where not even four characters fit.
pub(super) fn fitted(text: &str, room: f64, size: f64) -> Option<String> {
    let columns = (room / (size * CHARACTER)).floor().max(0.0) as usize;
    (width(text) <= columns || columns >= 4).then(|| fit(text, columns)).filter(|text| !text.is_empty())
}
