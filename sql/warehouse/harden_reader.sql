-- Run on every connection that only reads a release, in this order: the last line makes the
-- ones before it final.
set TimeZone = 'UTC';
set autoinstall_known_extensions = false;
set autoload_known_extensions = false;
set allow_community_extensions = false;
set enable_external_access = false;
set lock_configuration = true;
