//! Places as UN/LOCODE names them (UNECE recommendation 16): two letters of the country (ISO 3166-1), three characters of the place.

/// Countries that have places in the list: ISO 3166-1, and XZ for installations in international waters.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI \
CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM \
HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK XZ YE YT ZA ZM ZW";

/// What is wrong with a place's code; `None` where it has the form of one of the list's. The list itself, of some 110,000 places, is not here.
pub(crate) fn flaw(code: &str) -> Option<String> {
    let is_place = |c: char| c.is_ascii_uppercase() || ('2'..='9').contains(&c);
    let has_form = code.len() == 5 && code.is_ascii() && code.chars().all(is_place);
    if !has_form {
        return Some(format!("{code:?} is not of the form of a UN/LOCODE"));
    }
    let country = &code[..2];
    let is_known = COUNTRIES.split(' ').any(|known| known == country);
    (!is_known).then(|| format!("{code:?} begins with {country}, which is no country's code"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_country_and_a_place() {
        for right in ["PTLIS", "CNSHA", "US2AB", "XZ999", "HKHKG"] {
            assert_eq!(flaw(right), None, "{right}");
        }
        for wrong in ["", "Lisbon", "ptlis", "PTLI", "PT LIS", "PTL1S", "XXLIS", "ÄTLIS", "12345"] {
            assert!(flaw(wrong).is_some(), "{wrong}");
        }
        assert_eq!(COUNTRIES.split(' ').count(), 251);
        assert!(COUNTRIES.split(' ').is_sorted());
    }
}
