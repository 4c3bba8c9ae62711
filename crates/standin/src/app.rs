//! A GitHub App, as the host knows it: by its public key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

/// An app with one installation.
pub struct AppKey {
    app_id: String,
    pub(crate) installation_id: u64,
    public_key: Vec<u8>,
}

impl AppKey {
    /// The app whose private key this is. `None` when the key cannot be read.
    pub fn of(app_id: &str, installation_id: u64, private_key_pem: &str) -> Option<AppKey> {
        let key = PrivateKeyDer::from_pem_slice(private_key_pem.as_bytes()).ok()?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok()?,
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?,
            _ => return None,
        };
        Some(AppKey {
            app_id: app_id.to_owned(),
            installation_id,
            public_key: pair.public_key().as_ref().to_vec(),
        })
    }

    /// Checks a request of the app as GitHub does: signature, issuer, at most ten minutes.
    pub(crate) fn check(&self, bearer: &str, now: Timestamp) -> Result<(), &'static str> {
        const UNREADABLE: &str = "A JSON web token could not be decoded";
        let (signed, signature) = bearer.rsplit_once('.').ok_or(UNREADABLE)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| UNREADABLE)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| UNREADABLE)?;
        let (header, claims) = signed.split_once('.').ok_or(UNREADABLE)?;
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let header = read(header).ok_or(UNREADABLE)?;
        let claims = read(claims).ok_or(UNREADABLE)?;
        if header["alg"] != "RS256" {
            return Err("the algorithm is not RS256");
        }
        if claims["iss"].as_str() != Some(&self.app_id) {
            return Err("'Issuer' claim ('iss') must be an Integer or the client ID");
        }
        let number = |key: &str| claims[key].as_i64();
        let (issued, expires) = (
            number("iat").ok_or(UNREADABLE)?,
            number("exp").ok_or(UNREADABLE)?,
        );
        if issued > now.as_second() {
            return Err(
                "'Issued at' claim ('iat') must be an Integer representing a time in the past",
            );
        }
        if expires <= now.as_second() || expires > now.as_second() + 600 {
            return Err("'Expiration time' claim ('exp') is too far in the future or past");
        }
        Ok(())
    }
}
