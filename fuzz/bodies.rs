pub fn certificate(_: &[u8]) {}
pub fn signature_fields(_: &[u8]) {}
pub fn request(_: &[u8]) {}
pub fn token(_: &[u8]) {}
pub fn crl(_: &[u8]) {}
pub fn sizes(_: &[u8]) {}
