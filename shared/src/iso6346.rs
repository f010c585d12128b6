//! Container numbers: three letters of the owner, the category U, J or Z, six digits and a check digit (ISO 6346:2022, annex A).

/// Whether a name is a sound container number or none at all; otherwise what its check digit should be.
pub(crate) fn check(name: &str) -> Result<(), u32> {
    let Some(characters) = number(name) else { return Ok(()) };
    let right = check_digit(&characters[..10]);
    if characters[10] == right { Ok(()) } else { Err(right) }
}

/// The first ten characters of a number with the eleventh.
pub(crate) fn with_check_digit(number: &str) -> String {
    let values: Vec<u32> = number.bytes().map(value).collect();
    format!("{number}{}", check_digit(&values))
}

fn check_digit(values: &[u32]) -> u32 {
    values.iter().enumerate().map(|(at, &value)| value << at).sum::<u32>() % 11 % 10
}

/// The values of the eleven characters, where the name has the form of a container number.
fn number(name: &str) -> Option<[u32; 11]> {
    let bytes: &[u8; 11] = name.as_bytes().try_into().ok()?;
    let has_form = bytes[..3].iter().all(u8::is_ascii_uppercase)
        && matches!(bytes[3], b'U' | b'J' | b'Z')
        && bytes[4..].iter().all(u8::is_ascii_digit);
    has_form.then(|| bytes.map(value))
}

/// Digits count as they are; letters from 10 on, leaving out the multiples of 11.
fn value(character: u8) -> u32 {
    if character.is_ascii_digit() {
        return u32::from(character - b'0');
    }
    let position = u32::from(character - b'A') + 10;
    position + u32::from(position >= 11) + u32::from(position >= 21) + u32::from(position >= 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_checked_and_other_names_are_let_be() {
        // Two examples that are in print.
        for right in ["ZEPU0037255", "CSQU3054383"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        assert_eq!(check("CSQU3054384"), Err(3));
        assert!(check("CSQU3045383").is_err(), "two digits swapped");
        assert_eq!(check(&with_check_digit("PTLU123456")), Ok(()));
        for other in ["", "c17", "CSQU305438", "CSQ13054383", "CSQA3054384", "csqu3054384", "ÄÖÜ"] {
            assert_eq!(check(other), Ok(()), "{other}");
        }
    }
}
