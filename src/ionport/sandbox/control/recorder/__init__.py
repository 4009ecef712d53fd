"""The recorder: which calls came, with secrets taken out, and what was answered."""
