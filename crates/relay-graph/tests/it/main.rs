//! relay-graph from outside: properties against brute force, and the renderings.

mod properties;
mod renderings;
