-- Run on every connection that only reads a release, and by a BI tool as the first thing on its
-- own, in this order: nothing can be loaded; what a question may take; no file but the release; the
-- last line makes the ones before it final.
set TimeZone = 'UTC';
set autoinstall_known_extensions = false;
set autoload_known_extensions = false;
set allow_community_extensions = false;
set allow_persistent_secrets = false;
set memory_limit = '4GB';
set threads = 2;
set temp_directory = '';
set max_temp_directory_size = '0B';
set enable_external_access = false;
set lock_configuration = true;
