"""The notifier under kills: is every mail sent, and none twice beyond what SMTP itself leaves unknown?"""
