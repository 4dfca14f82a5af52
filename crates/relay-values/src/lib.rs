//! Values of the field that all crates share, each parsed once and right from then on. Pure: no disk, no network, no clock.
//!
//! This is the lowest storey of the house. Whoever reads a text from a file, a flag or a registry makes one of these of it
//! there and then, so that nothing above has to ask again whether the text can be what it should be.
//!
//! - [`registry_url`]: a registry's base address, and how an address is shown
//! - [`dist_tag`]: a moving name for a version
//! - [`credential_id`]: which credential is meant, without the secret
//! - [`evidence`]: what a version shows of how it was published
//! - [`printable`]: foreign text made fit to be shown
//! - [`text_width`]: how wide text is on a terminal
//! - [`struck_out`]: and without the secrets that this process knows, as is everything that leaves it
//! - [`secret_variables`]: which environment variables hold credentials; [`token_text`]: which texts are no token
#![forbid(unsafe_code)]

pub mod credential_id;
pub mod dist_tag;
pub mod evidence;
pub mod printable;
pub mod registry_url;
pub mod secret_variables;
pub mod struck_out;
pub mod text_width;
pub mod token_text;

pub use credential_id::{CredentialId, CredentialOrigin};
pub use dist_tag::{DistTag, InvalidDistTag};
pub use evidence::Evidence;
pub use printable::{Printable, escaped_json};
pub use registry_url::{DisplayUrl, InvalidRegistryUrl, RegistryUrl, default_registry};
pub use secret_variables::{CUSTOMARY_TOKEN_VARIABLES, is_credential_name, is_registry_credential_name};
pub use text_width::{cut_to_width, width_of, width_of_char};
pub use token_text::{NoToken, no_token};
