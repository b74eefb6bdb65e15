"""`--format wecom`: saved answers of the WeCom (企业微信) API, and message archives.

SOURCE is a folder. What a file holds is read from its content, not its name:

* answers of `externalcontact/get` and `batch/get_by_user`, `groupchat/get` and `list`, the group
  statistics, `get_user_behavior_data`, `get_corp_tag_list`, contact ways, group join ways,
  acquisition links and their customers; one JSON object a file, several in a list, or one a line;
* callbacks of contacts and groups, as JSON;
* message archives: one JSON object a message, one a line, gzipped or not.

**Days.** The API lists only who is there now. Answers in dated folders (`2026-06-01/…`, with the
time of day `2026-06-01T0300/…` where it is known) are snapshots: who is missing in the next one
has left in between, so `last_seen_at` and `left_at` bracket the true time, and `observed_from`
says since when a row was under observation. A folder without a time of day may have been saved at
any time of that day, and the bracket is that much wider. Callbacks, where they were kept, name the
moment itself.

**Requests.** Some answers do not repeat what was asked. Saved as
`{"request": {…}, "response": {…}}` they carry it: behaviour data need the `userid`, the statistics
by owner their `day_begin_time`.
"""
