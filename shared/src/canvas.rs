//! Writes SVG pictures: escapes every text, rounds every coordinate.
//!
//! A picture stands alone (no script, no style sheet, no font of its own) and is safe to embed.

use crate::answer::Answer;
use crate::words::{claim, clean, fit, width};

/// Width of a picture, which a page may scale.
pub(crate) const WIDTH: f64 = 1200.0;
/// Colour of what is said.
pub(crate) const INK: &str = "#1c2733";
/// Colour of what is said beside it.
pub(crate) const FAINT: &str = "#5b6875";

/// Width of a character relative to the font size, generous enough for the common sans-serif fonts.
const CHARACTER: f64 = 0.6;

/// An SVG document in the making.
pub(crate) struct Canvas {
    text: String,
}

impl Canvas {
    pub(crate) fn new() -> Self {
        Self { text: String::new() }
    }

    /// Anything that is already SVG.
    pub(crate) fn raw(&mut self, svg: &str) {
        self.text.push_str(svg);
        self.text.push('\n');
    }

    /// A rectangle; `style` is a list of attributes.
    pub(crate) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, style: &str) {
        let (x, y, width, height) = (number(x), number(y), number(width.max(0.0)), number(height.max(0.0)));
        self.raw(&format!(r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" {style}/>"#));
    }

    /// A straight line.
    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        self.raw(&format!(r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {style}/>"#));
    }

    /// A text on its baseline.
    pub(crate) fn text(&mut self, x: f64, y: f64, style: &str, text: &str) {
        let (x, y) = (number(x), number(y));
        self.raw(&format!(r#"<text x="{x}" y="{y}" {style}>{}</text>"#, escape(text)));
    }

    /// Begins a group whose tooltip is `title`.
    pub(crate) fn open_group(&mut self, title: &str) {
        self.raw(&format!("<g><title>{}</title>", escape(title)));
    }

    pub(crate) fn close_group(&mut self) {
        self.raw("</g>");
    }

    pub(crate) fn into_string(self) -> String {
        self.text
    }
}

/// The whole picture: a title, a remark at its right, the claims of the answer, then the body; `defs` are its patterns.
pub(crate) fn page<P, C>(
    title: &str,
    remark: &str,
    answer: &Answer<P, C>,
    height: f64,
    defs: &str,
    body: &str,
) -> String {
    let claim = claim(answer).map(|(name, value)| format!("{name} {value}"));
    let mut head = Canvas::new();
    head.text(20.0, 34.0, &format!(r#"font-size="20" font-weight="600" fill="{INK}""#), title);
    head.text(WIDTH - 18.0, 34.0, &format!(r#"font-size="12" text-anchor="end" fill="{FAINT}""#), remark);
    head.text(20.0, 56.0, &format!(r#"font-size="13" fill="{FAINT}""#), &claim.join("  ·  "));
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" "#,
            r#"font-family="Inter, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif">"#,
            "\n<title>{title}; {claim}</title>\n<defs>\n{defs}</defs>\n",
            r##"<rect width="{w}" height="{h}" fill="#ffffff"/>"##,
            "\n{head}{body}</svg>\n"
        ),
        w = WIDTH,
        h = height.ceil(),
        title = escape(title),
        claim = escape(&claim.join(", ")),
        defs = defs,
        head = head.into_string(),
        body = body
    )
}

/// One decimal, and none where it is zero.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The text with nothing left in it that XML would read as markup or refuse.
fn escape(text: &str) -> String {
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
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    width(text) as f64 * size * CHARACTER
}

/// The text cut to about `room`; `None` where not even four characters fit.
pub(crate) fn fitted(text: &str, room: f64, size: f64) -> Option<String> {
    let columns = (room / (size * CHARACTER)).floor().max(0.0) as usize;
    (width(text) <= columns || columns >= 4).then(|| fit(text, columns)).filter(|text| !text.is_empty())
}
