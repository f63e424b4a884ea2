//! x
#![allow(missing_docs)]
pub mod version;
pub mod action {
    pub mod reply;
    pub mod view;
    pub use reply::Reply;
    pub use view::View;
}
pub mod cli {
    pub mod cluster;
}
pub mod cluster;
