"""Its being here lets the tests below import `training_fixture`."""
