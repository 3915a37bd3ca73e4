//! Speaks our upload protocol, both ends: the plugin sends layers, the staging Pod takes them.
