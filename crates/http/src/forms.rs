//! The forms in which a secret can show up in a text: as it is,
//! percent-encoded, in base64, in hexadecimal, escaped for JSON, HTML or a
//! debug print. It only lists them; `redact` looks for them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode};

/// A secret of fewer bytes is not looked for: hiding `1` or `yes` wherever
/// they stand would destroy honest text and tell nobody anything. (Places
/// known to hold a secret, such as a recorded header, show `***` regardless.)
pub(crate) const SHORTEST: usize = 4;

/// A derived form must be at least so long, or chance finds it in honest text.
const SHORTEST_DERIVED: usize = 6;

/// What url parsers leave alone in a path or a query.
const LENIENT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const SCRIPT_COMPONENT: &AsciiSet = &COMPONENT
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
const FORM: &AsciiSet = &COMPONENT.add(b'~').remove(b'*');

/// Every form of a secret that is long enough to be looked for, without
/// doubles.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let mut forms = Vec::new();
    percent_encoded(secret, &mut forms);
    in_base64(secret.as_bytes(), &mut forms);
    in_hex(secret.as_bytes(), &mut forms);
    escaped(secret, &mut forms);
    forms.retain(|form| form.len() >= SHORTEST_DERIVED);
    forms.push(secret.to_owned());
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn percent_encoded(secret: &str, forms: &mut Vec<String>) {
    let mut upper = Vec::new();
    for set in [LENIENT, COMPONENT, SCRIPT_COMPONENT, FORM, NON_ALPHANUMERIC] {
        upper.push(percent_encode(secret.as_bytes(), set).to_string());
    }
    // Forms write a blank as a plus.
    upper.push(
        percent_encode(secret.as_bytes(), FORM)
            .to_string()
            .replace("%20", "+"),
    );
    upper.push(secret.bytes().map(|byte| format!("%{byte:02X}")).collect());
    // A url inside a url.
    upper.push(percent_encode(upper[1].as_bytes(), COMPONENT).to_string());
    forms.extend(upper.iter().map(|form| lower_hex(form)));
    forms.append(&mut upper);
}

/// The same text with the two digits after each `%` in lower case.
fn lower_hex(text: &str) -> String {
    let mut digits = 0;
    text.chars()
        .map(|c| {
            if c == '%' {
                digits = 2;
                return c;
            }
            if digits > 0 {
                digits -= 1;
                return c.to_ascii_lowercase();
            }
            c
        })
        .collect()
}

fn in_base64(secret: &[u8], forms: &mut Vec<String>) {
    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
        forms.push(engine.encode(secret));
    }
    // Inside a longer text, the secret starts at any of three places within a
    // group of three bytes. The characters that its neighbours share are left out.
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret);
            let text = engine.encode(&bytes);
            let first = (before * 8).div_ceil(6);
            let last = bytes.len() * 8 / 6;
            forms.push(text[first..last].to_owned());
        }
    }
    let padded = STANDARD.encode(secret);
    forms.push(percent_encode(padded.as_bytes(), COMPONENT).to_string());
}

fn in_hex(secret: &[u8], forms: &mut Vec<String>) {
    let lower: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.push(lower.to_ascii_uppercase());
    forms.push(lower);
}

fn escaped(secret: &str, forms: &mut Vec<String>) {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let ascii = |upper: bool| -> String {
        let mut units = [0; 2];
        json.chars()
            .map(|c| match (c.is_ascii(), upper) {
                (true, _) => c.to_string(),
                (false, upper) => c
                    .encode_utf16(&mut units)
                    .iter()
                    .map(|unit| match upper {
                        true => format!("\\u{unit:04X}"),
                        false => format!("\\u{unit:04x}"),
                    })
                    .collect(),
            })
            .collect()
    };
    forms.push(ascii(false));
    forms.push(ascii(true));
    forms.push(json.replace('/', "\\/"));
    // JSON inside a JSON string.
    let twice = serde_json::Value::from(json.as_str()).to_string();
    forms.push(twice[1..twice.len() - 1].to_owned());
    forms.push(json);
    forms.push(secret.escape_debug().to_string());
    forms.push(secret.escape_default().to_string());
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    forms.push(html.replace('\'', "&#39;"));
    forms.push(html.replace('\'', "&#x27;"));
    forms.push(html);
}

/// The form of Basic credentials, to be learned like a secret of its own.
pub(crate) fn basic_pair(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}
