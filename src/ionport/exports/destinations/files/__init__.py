"""Methods that put the files of a document into a folder: local, SFTP, SMB.

A file is written under a temporary name first and renamed in a step of its own. The rename is one
call that happens or does not, so that after a lost answer the folder shows which
(docs/decisions/0046-files-are-written-then-renamed.md).
"""
