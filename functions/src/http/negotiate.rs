//! What the caller prefers: media types (`Accept`, RFC 9110) and ways to wait (`Prefer`, RFC 7240).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};

use super::problem::{Code, Trouble};

/// The media type on offer that the caller likes best; the first where it likes several the same.
pub(super) fn accept(headers: &HeaderMap, offers: &[&'static str]) -> Result<&'static str, Trouble> {
    let fields: Vec<&str> = values(headers, &header::ACCEPT).collect();
    let first = offers.first().copied().unwrap_or("application/json");
    if fields.is_empty() {
        return Ok(first);
    }
    let weigh = |offer: &str| fields.iter().flat_map(|field| field.split(',')).map(|range| weight(range, offer)).max();
    let best = offers.iter().rev().map(|&offer| (weigh(offer).flatten(), offer)).max_by_key(|(weight, _)| *weight);
    match best {
        Some((Some((_, quality)), offer)) if quality > 0 => Ok(offer),
        _ => {
            let detail = format!("on offer: {}", offers.join(", "));
            Err(Trouble::new(Code::NotAcceptable, detail))
        }
    }
}

/// How exactly a media range names a type, and its quality in thousandths; `None` where it does not.
fn weight(range: &str, offer: &str) -> Option<(u8, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let main = offer.split('/').next()?;
    let exactness = match () {
        () if name == offer => 2,
        () if name.strip_suffix("/*") == Some(main) => 1,
        () if name == "*/*" => 0,
        // Whoever takes problem details for errors takes JSON.
        () if name == super::problem::MEDIA_TYPE && offer == "application/json" => 0,
        () => return None,
    };
    let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|quality| quality.parse::<f64>().ok());
    Some((exactness, (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u16))
}

/// How the caller wants to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefer {
    /// `wait=N`: no longer than this.
    pub(super) wait: Option<Duration>,
    /// `respond-async`: a promise is enough.
    pub(super) respond_async: bool,
}

impl Prefer {
    /// Reads the preferences. What is not understood is ignored, as RFC 7240 asks.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let name = HeaderName::from_static("prefer");
        for preference in values(headers, &name).flat_map(|field| field.split(',')) {
            let token = preference.split(';').next().unwrap_or_default().trim();
            let (name, value) = token.split_once('=').unwrap_or((token, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                // The first of several stands.
                "wait" if prefer.wait.is_none() => {
                    let seconds = value.trim().trim_matches('"').parse().ok();
                    prefer.wait = seconds.map(Duration::from_secs);
                }
                "respond-async" => prefer.respond_async = true,
                _ => {}
            }
        }
        prefer
    }
}

/// The urgency of RFC 9218's `Priority: u=N`, from 0 (most urgent) to 7; 3 where none is given or none is understood.
pub(super) fn urgency(headers: &HeaderMap) -> u8 {
    let name = HeaderName::from_static("priority");
    let given = values(headers, &name).flat_map(|field| field.split(',')).find_map(|member| {
        let value = member.split(';').next()?.trim().strip_prefix("u=")?;
        value.parse().ok().filter(|urgency| *urgency <= 7)
    });
    given.unwrap_or(3)
}

/// The values of a header field that are text.
pub(super) fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn fields(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_best_liked_offer_wins() {
        let offers = ["application/json", "image/svg+xml", "text/plain"];
        let chosen = |values: &[&'static str]| accept(&fields(&header::ACCEPT, values), &offers).ok();
        assert_eq!(chosen(&[]), Some("application/json"));
        assert_eq!(chosen(&["*/*"]), Some("application/json"));
        assert_eq!(chosen(&["image/svg+xml"]), Some("image/svg+xml"));
        assert_eq!(chosen(&["text/html, image/*;q=0.8, */*;q=0.1"]), Some("image/svg+xml"));
        assert_eq!(chosen(&["application/problem+json"]), Some("application/json"));
        assert_eq!(chosen(&["text/html"]), None);
        assert_eq!(chosen(&["application/json;q=0"]), None);
    }

    #[test]
    fn urgency_is_read_as_rfc_9218_writes_it() {
        let read = |values: &[&'static str]| urgency(&fields(&HeaderName::from_static("priority"), values));
        assert_eq!(read(&["u=1"]), 1);
        assert_eq!(read(&["i, u=7;x"]), 7);
        assert_eq!([read(&[]), read(&["u=8"]), read(&["u=-1"]), read(&["urgent"])], [3; 4]);
    }

    #[test]
    fn preferences_are_read_as_rfc_7240_writes_them() {
        let read = |values: &[&'static str]| Prefer::read(&fields(&HeaderName::from_static("prefer"), values));
        let wait = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(read(&["respond-async, wait=10"]), Prefer { wait: wait(10), respond_async: true });
        assert_eq!(read(&["Respond-Async", "wait=\"3\"; x=y"]), Prefer { wait: wait(3), respond_async: true });
        assert_eq!(read(&["wait=-1, handling=lenient"]), Prefer::default());
    }
}
